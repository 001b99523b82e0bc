package audit

// monitorRules are about what Prometheus is told to scrape: whether it finds
// something there, and whether it may.
var monitorRules = []*Rule{monitorMatchesNothing, monitorPortMissing, monitorNotSelected, scrapeBlocked}
