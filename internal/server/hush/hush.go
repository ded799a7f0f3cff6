package hush

import (
	"bytes"
	"io"
	"log"
)

// dropped begins what the library says as it starts.
var dropped = []byte("INFO: metrics: ")

// filter passes every line but those of the library.
type filter struct{ io.Writer }

func (f filter) Write(line []byte) (int, error) {
	if bytes.Contains(line, dropped) {
		return len(line), nil
	}
	return f.Writer.Write(line)
}

func init() { log.SetOutput(filter{log.Writer()}) }

// End gives the standard logger its writer back, if nobody gave it another.
func End() {
	if f, ok := log.Writer().(filter); ok {
		log.SetOutput(f.Writer)
	}
}
