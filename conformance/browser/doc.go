// Package browser looks at the report in a real Chromium: that it loads
// without a word on the console and without a request, that search, click and
// keyboard do what they say, that it is dark where the reader wants it and
// whole on paper, and that no text is wider than the box it stands in. It also
// takes the pictures of the documentation:
//
//	go test . -update
//
// It needs the browser of Debian's package chromium, and nothing of the network.
package browser
