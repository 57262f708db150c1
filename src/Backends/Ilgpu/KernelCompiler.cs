using System.Collections.Concurrent;
using System.Reflection;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Code = ILGPU.Backends.CompiledKernel;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Compiles kernels for a device, on any number of threads, in contexts that are not the device's: a context compiles one kernel at a time
/// (ILGPU locks it), and one in which a kernel has failed holds halves of methods that others may need. So each thread that compiles has a context
/// to itself, and one that failed is thrown away.
/// </summary>
internal sealed class KernelCompiler(Accelerator accelerator) : IDisposable
{
    private readonly ConcurrentBag<Workplace> idle = [];

    /// <inheritdoc/>
    public void Dispose() => Keep(0);

    /// <summary>Compiles a kernel's entry point, and throws what the compiler throws.</summary>
    internal Code Compile(Type kernel, EntryPointDescription entry)
    {
        if (!idle.TryTake(out var workplace))
        {
            workplace = new Workplace(accelerator);
        }

        try
        {
            var compiled = workplace.Compile(kernel, entry);
            idle.Add(workplace);
            return compiled;
        }
        catch
        {
            workplace.Dispose();
            throw;
        }
    }

    /// <summary>Gives back what is not at work, but for so many contexts.</summary>
    internal void Keep(int contexts)
    {
        while (idle.Count > contexts && idle.TryTake(out var workplace))
        {
            workplace.Dispose();
        }
    }

    private sealed class Workplace : IDisposable
    {
        private readonly Context context =
            Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2)).WithStructuresByParts();

        private readonly NonPublicOps nonPublicOps;
        private readonly ILGPU.Backends.Backend compiler;
        private readonly Accelerator? simulated;

        public Workplace(Accelerator accelerator)
        {
            nonPublicOps = new NonPublicOps(context);
            compiler = accelerator.GetBackend() switch
            {
                PTXBackend ptx => new PTXBackend(context, ptx.Capabilities, ptx.Architecture, ptx.InstructionSet, nvvmAPI: null!),
                CLBackend openCl => new CLBackend(context, openCl.Capabilities, openCl.Vendor, openCl.CLStdVersion),
                _ => (simulated = context.Devices[0].CreateAccelerator(context)).GetBackend(),
            };
        }

        public Code Compile(Type kernel, EntryPointDescription entry)
        {
            nonPublicOps.Show(kernel);
            var code = compiler.Compile(entry, default);

            // ILGPU lets nobody else make one; where a later version has no such field, the text stays as it is.
            string? property = code switch
            {
                CLCompiledKernel => nameof(CLCompiledKernel.Source),
                PTXCompiledKernel => nameof(PTXCompiledKernel.PTXAssembly),
                _ => null,
            };
            var text = code.GetType().GetField($"<{property}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);
            text?.SetValue(code, NeutralNames.In(PtxBranches.WithoutPromises((string)text.GetValue(code)!)));
            return code;
        }

        public void Dispose()
        {
            // A context leaves an accelerator's thread behind, where that was not disposed before.
            simulated?.Dispose();
            context.Dispose();
        }
    }
}
