// Command sekisho is the identity platform that you can run yourself.
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/sekisho-id/sekisho/internal/cli"
)

func main() {
	if err := noCoreDumps(); err != nil {
		fmt.Fprintln(os.Stderr, "sekisho: core dumps cannot be switched off:", err)
	}
	os.Exit(cli.Run(cli.Terminal{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		LookupEnv: os.LookupEnv, Now: time.Now, Rand: rand.Reader,
	}, os.Args[1:]))
}
