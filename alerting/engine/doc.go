// Package engine is every use of NATS JetStream in Revere: the embedded server, the streams, and
// the verbs that the other rooms need of them. Nothing outside it imports NATS.
//
//	ALERTS     alerts.<state>.<municipality>   what producers publish, as it came
//	LEDGER     ledger.<writer>                 records: the source of truth about every alert
//	DIRECTORY  directory.<kind>                changes to subscribers, teams, areas, tokens
//	INBOUND    inbound.<channel>               replies, receipts, reactions, as they came in
//	REJECTED   rejected.>                      what could not be taken, byte for byte, and why
//	VERDICTS   verdicts.<key>                  what became of a published message
//	LEASES     (bucket)                        who is the one dispatcher, router, tracker
//	KEEP       (bucket)                        secrets of the installation; idempotency keys; the hold
//
// The embedded server keeps two accounts: Revere's, which holds all of this, and the producers',
// from which nothing but alerts.> leads into it.
package engine
