using System.Reflection;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Compiles kernels for a device without loading them, in a context of its own. A kernel that fails to compile can spoil the context that it
/// is compiled in, and with it every later kernel; so what a user wrote is tried here first, and a spoilt context is thrown away.
/// </summary>
internal sealed class Trial(Accelerator accelerator) : IDisposable
{
    // The library's own kernels all compile: they need no trial.
    private static readonly HashSet<Assembly> Trusted =
        [typeof(object).Assembly, typeof(Gpu.Autograd.Backend).Assembly, typeof(IKernel).Assembly, typeof(Trial).Assembly];

    private Context? context;
    private NonPublicOps? nonPublicOps;
    private ILGPU.Backends.Backend? compiler;

    /// <summary>The types that a kernel is made of and that are not the library's, outermost first.</summary>
    internal static IEnumerable<Type> Foreign(Type kernel) => Trusted.Contains(kernel.Assembly)
        ? kernel.GetGenericArguments().SelectMany(Foreign)
        : [kernel];

    /// <inheritdoc/>
    public void Dispose()
    {
        (compiler, var last) = (null, context);
        context = null;
        last?.Dispose();
    }

    /// <summary>Compiles a kernel's entry point, and throws what the compiler throws.</summary>
    internal void Compile(Type kernel, EntryPointDescription entry)
    {
        if (compiler is null)
        {
            context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));
            nonPublicOps = new NonPublicOps(context);
            compiler = accelerator.GetBackend() switch
            {
                PTXBackend ptx => new PTXBackend(context, ptx.Capabilities, ptx.Architecture, ptx.InstructionSet, nvvmAPI: null!),
                CLBackend openCl => new CLBackend(context, openCl.Capabilities, openCl.Vendor, openCl.CLStdVersion),
                _ => context.Devices[0].CreateAccelerator(context).GetBackend(),
            };
        }

        bool compiled = false;
        try
        {
            nonPublicOps!.Show(kernel);
            compiler.Compile(entry, default);
            compiled = true;
        }
        finally
        {
            if (!compiled)
            {
                Dispose();
            }
        }
    }
}
