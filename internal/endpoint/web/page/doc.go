// Package page draws the HTML that people see: the layout, its components, the
// style sheet and pictures, the words in English and Japanese, and the pages
// themselves.
//
// A page is a struct and a template, tied in the table of pages; a test checks
// each template against its struct, so a wrong field name fails the build and
// not a person's sign-in. html/template escapes whatever the struct holds:
// values of clients, users and tenants are all hostile. There is no script, no
// inline style, and the Content-Security-Policy would run neither.
//
// A page's way: the handler fills its struct, render chooses the language
// (ui_locales, mkt, then Accept-Language), fills the frame that all pages share,
// executes the template into memory and writes it with the headers that hold for
// every page. WriteError is the only writer of error pages: it takes the error
// as the protocol's packages return it, shows its number, text and the request's
// ids, and logs the cause once. An error that is not of the catalogue shows the
// ids alone.
//
// Sentences live in words.go, and those about single errors in meaning*.go, each
// with both languages side by side. A template that asks for a missing sentence,
// a sentence that nothing uses, or a catalogue row without a meaning fails a
// test.
package page
