// The page where every answer of the platform arrives: after a redirect, in a window
// of its own, and in a hidden frame. It hands the answer to the page that asked.
/* global msalRedirectBridge */
msalRedirectBridge.broadcastResponseToMainFrame().catch(() => {
  // Somebody opened this page by hand, or the page that asked has gone.
  location.replace("/");
});
