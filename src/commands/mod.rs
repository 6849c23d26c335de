//! The recipes: a file a command, to be read from top to bottom.
