using System.Reflection;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// A CUDA device that is not there: kernels are compiled to PTX as for the driver, get their arguments as from the driver, and are run by an
/// interpreter of PTX.
/// </summary>
internal sealed unsafe class PtxBackend : KernelBackend<DeviceMemory, LargeGroups>, IDisposable
{
    // Where a kernel does not say how its threads are grouped, the driver chooses: any number must do.
    private const int ThreadsOfEach = 96;

    private readonly Context context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2)).WithStructuresByParts();
    private readonly NonPublicOps nonPublicOps;
    private readonly PTXBackend compiler;
    private readonly Dictionary<Type, (PtxProgram Program, Delegate Arguments)> kernels = [];
    private readonly PtxMemory memory = new();
    private readonly PtxMachine machine;
    private readonly bool contracts;
    private readonly bool keepsPromises;

    /// <param name="contracts">Whether a product and a sum become one instruction where they may.</param>
    /// <param name="seed">Of the order of threads and groups.</param>
    /// <param name="keepsPromises">Whether jumps promise what ILGPU has them promise.</param>
    internal PtxBackend(bool contracts, int seed = 1, bool keepsPromises = false)
    {
        (this.contracts, this.keepsPromises) = (contracts, keepsPromises);
        machine = new PtxMachine(memory, seed);
        nonPublicOps = new NonPublicOps(context);
        compiler = new PTXBackend(
            context, new CudaCapabilityContext(CudaArchitecture.SM_80), CudaArchitecture.SM_80, CudaInstructionSet.ISA_75, nvvmAPI: null!);
    }

    /// <summary>The kernels that ran.</summary>
    internal IReadOnlyCollection<Type> Kernels => kernels.Keys;

    /// <summary>The instructions that they executed.</summary>
    internal long Executed => machine.Executed;

    public void Dispose()
    {
        compiler.Dispose();
        context.Dispose();
    }

    /// <summary>Runs a kernel that is no op's.</summary>
    internal void Launch<K>(K kernel, int groups, int size)
        where K : struct, IGroupKernel<DeviceMemory> => StartGroups(kernel, groups, size);

    public override Block Allocate(long bytes) => memory.Allocate(bytes);

    public override void Free(Block block) => memory.Free((PtxBlock)block);

    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        var block = BlockOf(target);
        source.CopyTo(new Span<byte>(block.Start, (int)block.Bytes));
        block.Watch.WriteByHost(0, source.Length);
    }

    public override void Download(Storage source, long offset, Span<byte> target) =>
        new ReadOnlySpan<byte>(BlockOf(source).Start, (int)source.Block.Bytes).Slice((int)offset, target.Length).CopyTo(target);

    public override void Synchronize()
    {
    }

    protected override DeviceMemory View(Storage storage, long offset)
    {
        var block = BlockOf(storage);
        return new DeviceMemory(block.Buffer.AsRawArrayView(offset));
    }

    protected override bool IsOf(Storage storage, DeviceMemory memory, out long offset) =>
        memory.IsWithin(BlockOf(storage).Buffer.AsRawArrayView(), out offset);

    protected override void Start<K>(K kernel, int threads)
    {
        var (program, arguments) = Ready<K, Index1D>(EntryPointDescription.FromImplicitlyGroupedKernel, nameof(Entry.Each));
        arguments((bytes, count) => machine.Launch(program, bytes, count, (threads + ThreadsOfEach - 1) / ThreadsOfEach, ThreadsOfEach), null, threads, kernel);
    }

    protected override void StartGroups<K>(K kernel, int groups, int size)
    {
        var (program, arguments) = Ready<K, KernelConfig>(EntryPointDescription.FromExplicitlyGroupedKernel, nameof(Entry.Grouped));
        arguments((bytes, count) => machine.Launch(program, bytes, count, groups, size), null, (groups, size), kernel);
    }

    private static PtxBlock BlockOf(Storage storage) => ((PtxBlock)storage.Block).LentTo(storage);

    // ILGPU keeps it to itself.
    private static EntryPoint EntryOf(ILGPU.Backends.CompiledKernel kernel) => (EntryPoint)typeof(ILGPU.Backends.CompiledKernel)
        .GetProperty("EntryPoint", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(kernel)!;

    private (PtxProgram Program, Action<PtxArguments.Receiver, object?, TSize, K> Arguments) Ready<K, TSize>(
        Func<MethodInfo, EntryPointDescription> describe, string entry)
    {
        if (!kernels.TryGetValue(typeof(K), out var ready))
        {
            nonPublicOps.Show(typeof(K));
            var compiled = (PTXCompiledKernel)compiler.Compile(describe(typeof(Entry).GetMethod(entry)!.MakeGenericMethod(typeof(K))), default);
            string text = keepsPromises ? compiled.PTXAssembly : PtxBranches.WithoutPromises(compiled.PTXAssembly);
            var program = PtxParser.Parse(typeof(K).ToString(), NeutralNames.In(text));
            if (contracts)
            {
                PtxContraction.Apply(program.Instructions, program.Lists);
            }

            ready = (program, PtxArguments.Of<TSize, K>((PTXArgumentMapper)compiler.ArgumentMapper, EntryOf(compiled)));
            kernels.Add(typeof(K), ready);
        }

        return (ready.Program, (Action<PtxArguments.Receiver, object?, TSize, K>)ready.Arguments);
    }
}
