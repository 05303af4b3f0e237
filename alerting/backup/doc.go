// Package backup is the form of a backup: everything that Revere keeps, in one file that only the
// holder of a key can read.
//
// The file is an age file (C2SP age, version 1), encrypted to public keys: the machine that makes
// backups needs no secret, and one who breaks into it can't read older ones. Inside is a tar archive:
//
//	<stream>/00000001 …   a stream's copy in pieces, in the server's own form
//	contents.json         last: what the pieces add up to, with their hashes
//
// age authenticates every byte and notices a file that is cut short; the contents say besides that
// the archive is one of this kind, and complete.
package backup
