using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// A device that is not there: what is launched on it is compiled, to PTX or OpenCL C, and kept as text. So every kernel that an op can launch
/// is looked at, and none has to be listed.
/// </summary>
internal sealed class CompilingBackend : KernelBackend<DeviceMemory, LargeGroups>, IDisposable
{
    private readonly Context context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2)).WithStructuresByParts();
    private readonly ILGPU.Backends.Backend compiler;

    private CompilingBackend(Func<Context, ILGPU.Backends.Backend> compiler) => this.compiler = compiler(context);

    /// <summary>Whether the steps of small nets become wholes.</summary>
    internal bool HasWholes { get; set; } = true;

    private protected override bool MakesWholes => HasWholes;

    /// <summary>The source of every kernel launched so far.</summary>
    internal Dictionary<Type, string> Sources { get; } = [];

    /// <summary>A GPU of NVIDIA's: 70 is of the year 2017, 80 of 2020, 90 of 2022.</summary>
    internal static CompilingBackend Ptx(int architecture = 80)
    {
        var (sm, isa) = architecture switch
        {
            70 => (CudaArchitecture.SM_70, CudaInstructionSet.ISA_60),
            80 => (CudaArchitecture.SM_80, CudaInstructionSet.ISA_75),
            _ => (CudaArchitecture.SM_90, CudaInstructionSet.ISA_78),
        };
        return new(context => new PTXBackend(context, new CudaCapabilityContext(sm), sm, isa, nvvmAPI: null!));
    }

    /// <summary>An OpenCL device that can do all that ILGPU asks for, but for float64 where that is left out: then a double is an error.</summary>
    internal static CompilingBackend OpenCl(bool float64 = true) => new(context => new CLBackend(
        context,
        new CLCapabilityContext(float16: false, float64: float64, genericAddressSpace: true, int64_Atomics: false, subGroups: false),
        CLDeviceVendor.Intel,
        new CLCVersion(2, 0)));

    /// <summary>The source of a kernel.</summary>
    internal string Source<K>(K kernel)
        where K : struct, IKernel
    {
        Start(kernel, 1);
        return Sources[typeof(K)];
    }

    public void Dispose()
    {
        compiler.Dispose();
        context.Dispose();
    }

    public override Block Allocate(long bytes) => new NoBlock(bytes);

    public override void Free(Block block)
    {
    }

    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
    }

    public override void Download(Storage source, long offset, Span<byte> target) => target.Clear();

    public override void Synchronize()
    {
    }

    protected override DeviceMemory View(Storage storage, long offset) => default;

    protected override bool IsOf(Storage storage, DeviceMemory memory, out long offset)
    {
        offset = 0;
        return false;
    }

    protected override void Start<K>(K kernel, int threads) =>
        Compile(typeof(K), EntryPointDescription.FromImplicitlyGroupedKernel, nameof(Entry.Each));

    protected override void StartGroups<K>(K kernel, int groups, int size) =>
        Compile(typeof(K), EntryPointDescription.FromExplicitlyGroupedKernel, nameof(Entry.Grouped));

    private void Compile(
        Type kernel, Func<System.Reflection.MethodInfo, EntryPointDescription> describe, string entry)
    {
        if (!Sources.ContainsKey(kernel))
        {
            var method = typeof(Entry).GetMethod(entry)!.MakeGenericMethod(kernel);
            Sources[kernel] = compiler.Compile(describe(method), default) switch
            {
                PTXCompiledKernel ptx => PtxBranches.WithoutPromises(ptx.PTXAssembly),
                CLCompiledKernel openCl => openCl.Source,
                var other => throw new NotSupportedException($"{other.GetType().Name} has no source."),
            };
        }
    }

    private sealed class NoBlock(long bytes) : Block(bytes);
}
