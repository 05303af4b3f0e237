// Package alerting is the domain of Revere: alerts and the areas they concern,
// deliveries and their states, acknowledgements, and the facts that the ledger keeps.
//
// It imports the standard library only. Rooms below it hold one concept each:
//
//	engine      every use of NATS: streams, the ledger, leases, dead letters
//	fanout      from an accepted alert to its ordered, durable manifest
//	tracking    what the ledger adds up to: states, counts, the call sheet
//	escalation  what happens while an answer is missing
//	replies     what people answer, and what that means
//	wording     what people read
//	api         HTTP
package alerting
