"""What a caller hears before the queue: a FastAGI service in a process of its own."""
