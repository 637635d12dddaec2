"""Long runs: everything that customers can do, all at once, and the books afterwards. Used by `make soak` too."""
