namespace Gpu.Autograd;

/// <summary>The first NaN or infinity that an op made, while anomalies are watched for: the op, where, and from what.</summary>
public sealed class AnomalyException(string message) : ArithmeticException(message);
