//go:build planted && !rarely

package engine

// plantedEvery is one in how many records gets lost. It is frequent, since a test's history is short
// and not every record would be missed: a receipt that says what is known already, say.
const plantedEvery = 10
