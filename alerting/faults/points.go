package faults

// A Point is a moment between two steps, at which a crash must cost nothing.
type Point string

// The points, in the order in which an alert comes to them; a restore's last.
const (
	// AfterSubmit: the API's alert is durable, and its caller has not been answered.
	AfterSubmit Point = "after-submit"
	// MidReject: the bytes of a message that can't be taken are kept, and why is not.
	MidReject Point = "mid-reject"
	// BeforeManifest: the router has decided, and nothing of it is in the ledger.
	BeforeManifest Point = "before-manifest"
	// MidBatch: some messages of an atomic batch are stored (a long manifest, a large import, much that
	// came in at once), and the last, which makes them count, is not.
	MidBatch Point = "mid-batch"
	// AfterWithdrawal: what a correction replaces is withdrawn, and the correction goes to nobody yet.
	AfterWithdrawal Point = "after-withdrawal"
	// AfterExpansion: the manifest of a correction that waited for what it corrects is in the ledger, and its
	// producer has been told that it goes to nobody yet.
	AfterExpansion Point = "after-expansion"
	// BeforeVerdict: the manifest is in the ledger, and the producer has not been told.
	BeforeVerdict Point = "before-verdict"
	// AfterVerdict: the producer has been told, and that the message is judged is not on record.
	AfterVerdict Point = "after-verdict"
	// AfterAttempt: attempts are in the ledger, and the provider has not been called.
	AfterAttempt Point = "after-attempt"
	// AfterCall: the provider has answered, and its answer is nowhere yet.
	AfterCall Point = "after-call"
	// AfterRefusal: the provider said that the person wants nothing, the directory knows, and the
	// ledger does not.
	AfterRefusal Point = "after-refusal"
	// AfterOutcome: what became of a delivery is in the ledger, and the dispatcher has not gone on.
	AfterOutcome Point = "after-outcome"
	// AfterUnknown: what a process before left in the middle is unknown by the ledger, and nobody has
	// looked into it.
	AfterUnknown Point = "after-unknown"
	// AfterInbound: a receipt or a reply is durable, and the provider's webhook has not been answered.
	AfterInbound Point = "after-inbound"
	// BeforeDraw: it is known what receipts and replies mean, and the ledger does not have it.
	BeforeDraw Point = "before-draw"
	// AfterDraw: what receipts and replies mean is in the ledger, and their reader has not gone on.
	AfterDraw Point = "after-draw"
	// AfterStop: the directory knows that a person sent STOP, and open alerts do not.
	AfterStop Point = "after-stop"
	// AfterAnswer: an answer given to the API or by a link is in the ledger, and its giver has not been told.
	AfterAnswer Point = "after-answer"
	// BeforeTimer: it is found that something has become due (the next contact, a gap, the end), and
	// the ledger does not have it.
	BeforeTimer Point = "before-timer"
	// AfterTimer: what has become due is in the ledger, and nobody has acted upon it.
	AfterTimer Point = "after-timer"
	// AfterCommit: a change of the directory is durable, and whoever made it has not been told.
	AfterCommit Point = "after-commit"
	// MidRestore: a piece of a backup is in the account that it is restored into, and the next is not.
	MidRestore Point = "mid-restore"
	// BeforeRestored: all of a backup is there, and no service may start on it yet.
	BeforeRestored Point = "before-restored"
)

// Points lists all points.
var Points = []Point{
	AfterSubmit, MidReject, BeforeManifest, MidBatch, AfterWithdrawal, AfterExpansion, BeforeVerdict, AfterVerdict, AfterAttempt, AfterCall, AfterRefusal,
	AfterOutcome, AfterUnknown, AfterInbound, BeforeDraw, AfterDraw, AfterStop, AfterAnswer, BeforeTimer, AfterTimer, AfterCommit,
	MidRestore, BeforeRestored,
}
