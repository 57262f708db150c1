namespace Gpu.Autograd.Tests;

/// <summary>For tests of what the whole process shares, its memory or the threads that help: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
