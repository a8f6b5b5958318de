//! From what a caller wrote to posts and deliveries: checks, times, renderings.
