// Command hello is a component small enough to be built in a test.
package main

import "fmt"

func main() { fmt.Println("hello") }
