namespace Gpu.Autograd.Cli;

/// <summary>The command line is wrong; the message is the one line that the user sees.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The run cannot be done or has failed; the message is the one line that the user sees.</summary>
internal sealed class FailureException(string message, Exception? inner = null) : Exception(message, inner);
