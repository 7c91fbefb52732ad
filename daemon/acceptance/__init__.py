"""Whether the bundle in use holds on this site's own films: judged by a rule, refitted, and for how long that holds."""
