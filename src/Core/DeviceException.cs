namespace Gpu.Autograd;

/// <summary>
/// The driver of a device has refused a call, or has lost the device: the message says which, in the driver's words, and what to do. Lack of
/// memory is an <see cref="OutOfMemoryException"/>, and an op that cannot be compiled a <see cref="NotSupportedException"/>.
/// </summary>
public sealed class DeviceException : Exception
{
    /// <summary>What a driver has said.</summary>
    /// <param name="message">Which device, what the driver says, and what to do.</param>
    /// <param name="isLost">Whether all that was on the device is lost.</param>
    /// <param name="cause">What was thrown below.</param>
    public DeviceException(string message, bool isLost, Exception? cause = null)
        : base(message, cause) => IsLost = isLost;

    /// <summary>
    /// Whether all that was on the device is lost: then every call to it says so, until it is opened anew by <see cref="Device.Close"/> and
    /// <see cref="Device.Parse"/>. Else the call alone was not made, and the device goes on.
    /// </summary>
    public bool IsLost { get; }
}
