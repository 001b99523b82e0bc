package reach

// TakeOneByOne sets how many workloads a set has at most whose members are
// looked at one by one, and gives what it was.
func TakeOneByOne(most int) (before int) {
	before, few = few, most
	return before
}
