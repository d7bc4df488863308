"""The porchctl command line, one module a command group."""
