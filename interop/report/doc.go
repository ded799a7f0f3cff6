// Command report makes the pages that say which clients work. It merges what the
// tests wrote to results/ into the checked-in summary, and writes from that
// docs/clients.md and the tables between the marks
//
//	<!-- clients:begin -->
//	<!-- clients:end -->
//
// of README.md and README.ja.md. Run it in the interop module:
//
//	go -C interop run ./report
package main
