package server_test

func init() { verbs["me"] = (*world).stepMe }

// stepMe is the verb graph for the person who signed in, with {access}: me METHOD
// PATH [status].
func (w *world) stepMe(st step) { w.callGraph(w.vars["access"], st) }
