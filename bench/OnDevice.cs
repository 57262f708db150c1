using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>
/// A benchmark that runs once on every device: on the CPU and, where there is a better one, on that; or on those that the command line
/// names, <c>--device cpu,opencl:0</c>.
/// </summary>
[MemoryDiagnoser]
public abstract class OnDevice
{
    // The processes that the benchmarks run in inherit it.
    private const string Variable = "GPU_AUTOGRAD_BENCH_DEVICE";

    private Device? device;

    [ParamsSource(nameof(DeviceNames))]
    public string DeviceName { get; set; } = "cpu";

    public static IEnumerable<string> DeviceNames =>
        Environment.GetEnvironmentVariable(Variable)?.Split(',') ?? new[] { Device.Cpu.Name, Device.Best.Name }.Distinct();

    protected Device On => device ??= Device.Parse(DeviceName);

    /// <summary>Takes the choice of devices from the command line; the rest is BenchmarkDotNet's.</summary>
    public static string[] Choose(string[] args)
    {
        int option = Array.IndexOf(args, "--device");
        if (option < 0 || option + 1 == args.Length)
        {
            return args;
        }

        Environment.SetEnvironmentVariable(Variable, args[option + 1]);
        return [.. args[..option], .. args[(option + 2)..]];
    }

    /// <summary>A device may still be at work when an op returns; a measurement ends when it is not.</summary>
    protected Tensor Done(Tensor y)
    {
        On.Synchronize();
        return y;
    }
}
