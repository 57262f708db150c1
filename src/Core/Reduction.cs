namespace Gpu.Autograd;

/// <summary>What a loss makes of its values, one for each sample or element.</summary>
public enum Reduction
{
    /// <summary>Their mean; where samples have weights, the weighted one.</summary>
    Mean,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their sum over the length of the first axis.</summary>
    BatchMean,

    /// <summary>The values themselves.</summary>
    None,
}
