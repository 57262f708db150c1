using System.Globalization;
using System.Reflection;
using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>The kinds of device.</summary>
public enum DeviceKind
{
    /// <summary>The reference back end: managed SIMD code on the CPU. Always there; it defines the semantics.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU, through ILGPU.</summary>
    Cuda,

    /// <summary>An OpenCL device, through ILGPU.</summary>
    OpenCl,

    /// <summary>ILGPU's CPU accelerator: a debugger for kernels. Correct and very slow; never chosen by itself.</summary>
    Accelerator,

    /// <summary>The GPU kernels run by the host, thread by thread, without ILGPU: for tests and debuggers. Never chosen by itself.</summary>
    Host,
}

/// <summary>What is known of a device without opening it.</summary>
/// <param name="Name">The name that <see cref="Device.Parse"/> takes: <c>cpu</c>, <c>cuda:0</c>, <c>opencl:1</c>, <c>accelerator</c>, <c>host</c>.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Description">The maker's name of it, for people.</param>
/// <param name="MemoryBytes">Its memory, where that is known.</param>
/// <param name="IsCpu">Whether it is really the CPU (an OpenCL runtime for the CPU, say), so that it is never better than <c>cpu</c>.</param>
/// <param name="Problem">Null where it can be used; else why it cannot, and what to do.</param>
public sealed record DeviceInfo(
    string Name, DeviceKind Kind, string Description, long? MemoryBytes = null, bool IsCpu = false, string? Problem = null)
{
    /// <summary>What drives it, in which version, where that is known.</summary>
    public string? Driver { get; init; }

    /// <summary>Whether it computes with float64; some OpenCL devices do not.</summary>
    public bool HasFloat64 { get; init; } = true;

    /// <summary>The device of a name, as <see cref="Device.Canonical"/> gives it, among those of a list.</summary>
    /// <exception cref="DeviceNotFoundException">It is not there or cannot be used; the message says why, and which are there.</exception>
    public static DeviceInfo Find(IReadOnlyList<DeviceInfo> devices, string name)
    {
        var found = devices.FirstOrDefault(device => device.Name == name);
        if (found is { Problem: null })
        {
            return found;
        }

        // A kind of which there is nothing at all is listed once, with the reason.
        string kind = name.Split(':')[0];
        string why = found is not null
            ? $"{name} cannot be used: {found.Problem}"
            : devices.FirstOrDefault(device => device.Name == $"{kind}:0")?.Problem is { } problem
                ? $"There is no device {name} here: {problem}"
                : $"There is no device {name} here.";
        var there = devices.Where(device => device.Problem is null).Select(device => $"{device.Name} ({device.Description})");
        throw new DeviceNotFoundException($"{why} The devices here are: {string.Join("; ", there)}.");
    }
}

/// <summary>Where the back ends are found: the one type that the back ends' assembly offers to Core.</summary>
public interface IBackendProvider
{
    /// <summary>
    /// All devices, the usable and the unusable; a missing kind is listed once (<c>cuda:0</c>) with its problem. Asking may load drivers.
    /// </summary>
    IReadOnlyList<DeviceInfo> List();

    /// <summary>Opens the device of a name; for <c>cpu</c> and <c>host</c> without loading any driver.</summary>
    /// <exception cref="DeviceNotFoundException">There is no such device, or it cannot be used.</exception>
    Backend Open(string name);
}

/// <summary>A device was named that is not there or cannot be used.</summary>
public sealed class DeviceNotFoundException(string message) : Exception(message);

/// <summary>A device that tensors live on. There is one object a device: compare with <c>==</c>.</summary>
public sealed class Device
{
    private const string BackendsAssembly = "Gpu.Autograd.Backends";

    // Published only when made: what fails once may work later (a driver that was busy), so failures are not kept.
    private static readonly Lazy<IBackendProvider> Provider = new(LoadProvider, LazyThreadSafetyMode.PublicationOnly);
    private static readonly Lazy<Device> LazyCpu = new(() => Open("cpu"), LazyThreadSafetyMode.PublicationOnly);
    private static readonly Dictionary<string, Device> Opened = [];
    private static readonly Lock Opening = new();
    private static Device? best;

    /// <summary>A device of a back end, beside those that are found.</summary>
    internal Device(string name, Backend backend)
    {
        Name = name;
        Owner = backend;
    }

    /// <summary>The CPU, by the reference back end.</summary>
    public static Device Cpu => LazyCpu.Value;

    /// <summary>
    /// The fastest kind present: CUDA, else an OpenCL device that is not itself a CPU, else the CPU. One that does not open is passed over.
    /// </summary>
    public static Device Best => best ??= BestOf(All);

    /// <summary>All devices, also those that cannot be used, with the reason. The first call may load drivers.</summary>
    public static IReadOnlyList<DeviceInfo> All => Provider.Value.List();

    /// <summary>The name that <see cref="Parse"/> takes.</summary>
    public string Name { get; }

    /// <summary>
    /// The most bytes that may be taken from the device, as where other programs need some of it; <see cref="long.MaxValue"/> until it is
    /// set. What is idle counts, but goes back before more is refused.
    /// </summary>
    public long MemoryLimit
    {
        get => Owner.Pool.Limit;
        set => Owner.Pool.SetLimit(Name, value);
    }

    /// <summary>What its pool holds.</summary>
    public MemoryUse Memory => Owner.Pool.Use;

    /// <summary>The kernels that were compiled for it so far, in order, and how long each took.</summary>
    public IReadOnlyList<CompiledKernel> CompiledKernels => Owner.CompiledKernels;

    /// <summary>
    /// What it turned out to do (captured steps as CUDA graphs, large products by cuBLAS), or not to be able to do, why, and what is done in
    /// its place; null where nothing was tried.
    /// </summary>
    public string? Remark => Owner.Remark;

    /// <summary>
    /// The library of the device's maker, such as cuBLAS, that computes products of matrices of so many multiplications, once one was asked for;
    /// null where our own kernel does, as in captured steps but for the largest.
    /// </summary>
    public string? LibraryOfProducts(long multiplications) => Owner.LibraryOfProducts(multiplications);

    /// <summary>What runs the ops; while a step is recorded on this thread, what notes them too.</summary>
    internal Backend Backend => Recorder.Current?.Over(Owner) ?? Owner;

    /// <summary>What has the memory.</summary>
    internal Backend Owner { get; }

    /// <summary>
    /// The device of a name: <c>cpu</c>, <c>cuda</c> or <c>cuda:0</c>, <c>opencl:1</c>, <c>accelerator</c>, <c>host</c>, or <c>best</c>.
    /// Devices of a kind are counted from 0, in the order of <see cref="All"/>. Large and small letters are the same; spaces before and
    /// after are left out, within there are none.
    /// </summary>
    /// <exception cref="FormatException">That is not the form of a device's name.</exception>
    /// <exception cref="DeviceNotFoundException">It is not here or cannot be used; the message says why, and which are here.</exception>
    public static Device Parse(string name)
    {
        string canonical = Canonical(name);
        return canonical == "best" ? Best : Open(canonical);
    }

    /// <summary>The canonical form of a device's name (<c>CUDA</c> is <c>cuda:0</c>), whether there is such a device or not.</summary>
    /// <exception cref="FormatException">That is not the form of a device's name.</exception>
    public static string Canonical(string name)
    {
        string[] parts = name.Trim().ToLowerInvariant().Split(':');
        bool valid = parts[0] switch
        {
            "cpu" or "best" or "accelerator" or "host" => parts.Length == 1,
            "cuda" or "opencl" => parts.Length == 1 || (parts.Length == 2 && ushort.TryParse(parts[1], NumberStyles.None, null, out _)),
            _ => false,
        };
        if (!valid)
        {
            throw new FormatException(
                $"'{name}' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best.");
        }

        return parts[0] is "cuda" or "opencl" ? $"{parts[0]}:{(parts.Length == 2 ? ushort.Parse(parts[1]) : 0)}" : parts[0];
    }

    /// <summary>
    /// Runs a function, a step of what follows, say, so that the kernels that it needs here are compiled before they are needed, and tells of
    /// each. On <c>cpu</c> and <c>host</c> there is nothing to compile.
    /// </summary>
    /// <param name="body">What needs the kernels.</param>
    /// <param name="progress">Told of each kernel when it is ready, one after the other, from threads of the pool; it may use the device, and warm it up with something else. What it throws comes out at the end.</param>
    /// <returns>The kernels that were compiled meanwhile, and how long each took.</returns>
    /// <exception cref="NotSupportedException">An op cannot be compiled for the device.</exception>
    public IReadOnlyList<CompiledKernel> WarmUp(Action body, IProgress<CompiledKernel>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        int before = CompiledKernels.Count;
        Owner.WarmUp(body, kernel => progress?.Report(kernel));
        return [.. CompiledKernels.Skip(before)];
    }

    /// <summary>Waits until all work on the device is done.</summary>
    public void Synchronize() => Owner.Synchronize();

    /// <summary>Gives the pool's idle memory back to the device.</summary>
    public void Trim() => Owner.Pool.Trim();

    /// <summary>
    /// Gives a GPU back to its driver, with all memory and kernels. No program needs to; it is for long-lived ones that want the device
    /// gone or, after an error of the driver, new: tensors that are on it fail from now on, and <see cref="Parse"/> opens it anew. The
    /// devices <c>cpu</c> and <c>host</c> have nothing to close: they give back what is idle and go on.
    /// </summary>
    public void Close()
    {
        if (Name is "cpu" or "host")
        {
            Trim();
            return;
        }

        lock (Opening)
        {
            if (Opened.GetValueOrDefault(Name) == this)
            {
                Opened.Remove(Name);
                best = best == this ? null : best;
            }
        }

        Owner.Close();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The first device of the best kind that opens; one that is listed may yet fail (another program holds it, say).</summary>
    internal static Device BestOf(IReadOnlyList<DeviceInfo> devices)
    {
        foreach (var kind in new[] { DeviceKind.Cuda, DeviceKind.OpenCl })
        {
            foreach (var info in devices.Where(device => device.Kind == kind && device.Problem is null && !device.IsCpu))
            {
                try
                {
                    return Open(info.Name);
                }
                catch (DeviceNotFoundException)
                {
                    // Whoever wants this very device names it, and is told why.
                }
            }
        }

        return Cpu;
    }

    private static Device Open(string name)
    {
        lock (Opening)
        {
            if (!Opened.TryGetValue(name, out var device))
            {
                if (name is not ("cpu" or "host"))
                {
                    DeviceInfo.Find(All, name);
                }

                Opened[name] = device = new Device(name, Provider.Value.Open(name));
            }

            return device;
        }
    }

    /// <summary>Core refers to no back end; it loads them by name on first use.</summary>
    private static IBackendProvider LoadProvider()
    {
        Assembly assembly;
        try
        {
            assembly = Assembly.Load(BackendsAssembly);
        }
        catch (FileNotFoundException e)
        {
            throw new DeviceNotFoundException(
                $"There are no devices: the assembly {BackendsAssembly} is missing beside Gpu.Autograd.Core. " +
                $"Add the package Gpu.Autograd. ({e.Message})");
        }

        return (IBackendProvider)Activator.CreateInstance(
            assembly.GetType("Gpu.Autograd.Backends.BackendProvider", throwOnError: true)!)!;
    }
}
