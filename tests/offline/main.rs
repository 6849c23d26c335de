//! What the program promises before it has met any server.
