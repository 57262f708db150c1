using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <summary>The devices that ILGPU reaches: <c>cuda:N</c>, <c>opencl:N</c>, <c>accelerator</c>.</summary>
/// <remarks>
/// With the environment variable GPU_AUTOGRAD_OPENCL_ANY set to 1, an OpenCL device that says it lacks the generic address space, or room for
/// the fields of large kernels, is used all the same. It is there to test on OpenCL runtimes for CPUs, and promises nothing. With
/// GPU_AUTOGRAD_CUBLAS set to 0, cuBLAS is left alone.
/// </remarks>
public static class IlgpuDevices
{
    private const string AnyOpenCl = "GPU_AUTOGRAD_OPENCL_ANY";
    private const string CuBlas = "GPU_AUTOGRAD_CUBLAS";

    // A context of its own for the list: a kernel that fails to compile can spoil the context it is in.
    private static readonly Lazy<Context> ListContext = new(NewContext);

    static IlgpuDevices() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += static (_, library) => LoadNumbered(library);

    /// <summary>All devices, also those that cannot be used; a kind that is missing is listed once, with the reason and what to do.</summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        Context context;
        try
        {
            context = ListContext.Value;
        }
        catch (Exception e)
        {
            string problem = $"ILGPU cannot start: {e.Message}";
            return
            [
                new DeviceInfo("cuda:0", DeviceKind.Cuda, "NVIDIA GPU", Problem: problem),
                new DeviceInfo("opencl:0", DeviceKind.OpenCl, "OpenCL device", Problem: problem),
                new DeviceInfo("accelerator", DeviceKind.Accelerator, "ILGPU CPU accelerator", Problem: problem),
            ];
        }

        List<DeviceInfo> devices = [];
        devices.AddRange(context.Devices.OfType<CudaDevice>().Select((device, i) => Describe(device, $"cuda:{i}")));
        if (devices.Count == 0)
        {
            devices.Add(new DeviceInfo(
                "cuda:0",
                DeviceKind.Cuda,
                "NVIDIA GPU",
                Problem: "No CUDA device was found. It needs an NVIDIA GPU and NVIDIA's driver (nvidia-smi shows both); the CUDA toolkit is not needed."));
        }

        int cuda = devices.Count;
        devices.AddRange(context.Devices.OfType<CLDevice>().Select((device, i) => Describe(device, $"opencl:{i}")));
        if (devices.Count == cuda)
        {
            devices.Add(new DeviceInfo(
                "opencl:0",
                DeviceKind.OpenCl,
                "OpenCL device",
                Problem: "No OpenCL device was found. It needs the OpenCL driver of its maker and, on Linux, the OpenCL loader (the package ocl-icd-libopencl1; clinfo lists what it finds)."));
        }

        devices.AddRange(context.Devices.OfType<CPUDevice>().Select(device => Describe(device, "accelerator")));
        return devices;
    }

    /// <summary>Opens the device of a name.</summary>
    /// <exception cref="DeviceNotFoundException">There is no such device, or it cannot be used.</exception>
    public static Backend Open(string name) => Open(name, events => events);

    /// <summary>Opens the device of a name, with a driver of events in place of its own.</summary>
    internal static Backend Open(string name, Func<IEventDriver, IEventDriver?> events)
    {
        var info = DeviceInfo.Find(List(), name);
        int index = name.Split(':') is [_, var number] ? int.Parse(number) : 0;
        Context? context = null;
        try
        {
            context = NewContext();
            ILGPU.Runtime.Device device = info.Kind switch
            {
                DeviceKind.Cuda => context.Devices.OfType<CudaDevice>().ElementAt(index),
                DeviceKind.OpenCl => Unlocked(context.Devices.OfType<CLDevice>().ElementAt(index)),
                _ => context.Devices.OfType<CPUDevice>().ElementAt(0),
            };
            var accelerator = device.CreateAccelerator(context);
            return accelerator switch
            {
                CudaAccelerator cuda => new IlgpuBackend<LargeGroups>(
                    name, cuda, new CudaGraphDriver(), stream => OpenBlas(cuda, stream), events: events(new CudaEventDriver())),
                // ILGPU has the greatest size of parameters under this name.
                CLAccelerator { MaxConstantMemory: var bytes } => Sized(name, accelerator, AcceptsAny ? int.MaxValue : bytes, events(new OpenClEventDriver())),
                _ => Sized(name, accelerator, int.MaxValue),
            };
        }
        catch (Exception e)
        {
            context?.Dispose();
            throw new DeviceNotFoundException($"{name} ({info.Description}) cannot be opened: {e.Message}");
        }
    }

    /// <summary>CUDA's own matrix product.</summary>
    /// <exception cref="NotSupportedException">It is not wanted.</exception>
    internal static IBlas OpenBlas(Accelerator accelerator, AcceleratorStream stream) =>
        Environment.GetEnvironmentVariable(CuBlas) == "0"
            ? throw new NotSupportedException($"{CuBlas} is 0")
            : new CudaBlas((CudaAccelerator)accelerator, (CudaStream)stream);

    private static Backend Sized(string name, Accelerator accelerator, int mostBytes, IEventDriver? events = null) =>
        accelerator.MaxNumThreadsPerGroup < LargeGroups.Reduce
            ? new IlgpuBackend<SmallGroups>(name, accelerator, mostBytes: mostBytes, events: events)
            : new IlgpuBackend<LargeGroups>(name, accelerator, mostBytes: mostBytes, events: events);

    // O2 infers the address spaces: without it every access would be a generic one. One small simulated device instead of five.
    private static Context NewContext() => Context.Create(builder => builder
        .Cuda(_ => true)
        .OpenCL(_ => true)
        .CPU(new CPUDevice(SmallGroups.Most, 1, 1))
        .Optimize(OptimizationLevel.O2)).WithStructuresByParts();

    private static DeviceInfo Describe(CudaDevice device, string name) => new(
        name,
        DeviceKind.Cuda,
        device.Name,
        device.MemorySize,
        Problem: device.Architecture is null || device.InstructionSet is null
            ? $"ILGPU does not know this GPU ({device.Architecture}) or the driver is too old for it: update the driver."
            : null)
    {
        Driver = $"CUDA {device.DriverVersion}, {device.Architecture}, {device.InstructionSet}",
    };

    private static DeviceInfo Describe(CLDevice device, string name) => new(
        name,
        DeviceKind.OpenCl,
        device.Name,
        device.MemorySize,
        (device.DeviceType & CLDeviceType.CL_DEVICE_TYPE_CPU) != 0,
        Problem: device.Capabilities.GenericAddressSpace || AcceptsAny
            ? null
            : $"{device.PlatformName} says that this device lacks the generic address space, which ILGPU needs (OpenCL 2.0, or 3.0 with that feature): update its driver.")
    {
        Driver = $"{device.PlatformName}, {device.PlatformVersion}",
        HasFloat64 = device.Capabilities.Float64,
    };

    private static DeviceInfo Describe(CPUDevice device, string name) => new(
        name, DeviceKind.Accelerator, "ILGPU CPU accelerator, a debugger for kernels: correct, and very slow", IsCpu: true);

    private static bool AcceptsAny => Environment.GetEnvironmentVariable(AnyOpenCl) == "1";

    private static CLDevice Unlocked(CLDevice device)
    {
        if (!device.Capabilities.GenericAddressSpace && AcceptsAny)
        {
            var capabilities = device.Capabilities;
            capabilities.GetType().GetProperty(nameof(capabilities.GenericAddressSpace))!.SetValue(capabilities, true);
        }

        return device;
    }

    /// <summary>
    /// Drivers and loaders install a numbered library (libcuda.so.1, on Windows nvcuda.dll); the plain name comes with the development packages.
    /// </summary>
    private static nint LoadNumbered(string library)
    {
        string bare = library.Replace("lib", "", StringComparison.Ordinal).Replace(".so", "", StringComparison.Ordinal);
        return (bare is "cuda" or "OpenCL" && NativeLibrary.TryLoad($"lib{bare}.so.1", out nint handle))
            || (bare == "cuda" && NativeLibrary.TryLoad("nvcuda", out handle)) ? handle : 0;
    }
}
