"""What the command ``ovdiar`` can do: one module for each kind of input, each only calls Python."""
