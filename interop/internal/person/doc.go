// Package person does what somebody does in front of the sign-in pages: it types an
// address and a password, agrees or declines, and goes on until the browser has left
// for the application. It finds fields and buttons by the names and ids that
// browser-automation scripts written for Entra's pages use.
package person
