//go:build planted && rarely

package engine

// plantedEvery is one in how many records gets lost, where there is time for long histories.
const plantedEvery = 1000
