using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <content>
/// How kernels come to the device: compiled when they are first launched, one by one; while it warms up, on all cores, and what waits for its
/// kernel is put off, with all that comes after it.
/// </content>
internal partial class IlgpuBackend<S>
{
    private static readonly HashSet<Assembly> Own =
        [typeof(object).Assembly, typeof(Gpu.Autograd.Backend).Assembly, typeof(IKernel).Assembly, typeof(DeviceMemory).Assembly];

    private readonly NonPublicOps nonPublicOps;
    private readonly KernelCompiler compiler;

    // ILGPU itself holds what it has loaded by weak references.
    private readonly ConcurrentDictionary<Type, Task<Delegate>> launchers = new();
    private readonly ConcurrentQueue<CompiledKernel> compiled = new();

    // Those who wait for the device to be warm; and, as long as there is one, what is put off, each with what it waits for.
    private ImmutableArray<Telling> watchers = [];
    private Queue<(Task Needed, Action Work)>? putOff;

    /// <inheritdoc/>
    public override IReadOnlyList<CompiledKernel> CompiledKernels => [.. compiled];

    /// <inheritdoc/>
    internal override void WarmUp(Action body, Action<CompiledKernel> watcher)
    {
        var telling = new Telling(watcher);
        lock (gate)
        {
            try
            {
                Enter();
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }

            watchers = watchers.Add(telling);
            putOff ??= new();
        }

        bool hasRun = false;
        try
        {
            body();
            hasRun = true;
        }
        finally
        {
            lock (gate)
            {
                try
                {
                    CatchUp();
                }
                catch (Exception e) when (!hasRun && e is NotSupportedException or DeviceException or OutOfMemoryException)
                {
                    // What body threw comes first.
                }
                finally
                {
                    // Also for kernels that are only noted.
                    Settle();
                    watchers = watchers.Remove(telling);
                    if (watchers.IsEmpty)
                    {
                        putOff = null;
                        compiler.Keep(1);
                    }
                }
            }
        }

        telling.End();
    }

    /// <summary>Whether work may go to the device now; else it is put off.</summary>
    private bool IsDue(Task needed)
    {
        if (putOff is null)
        {
            return true;
        }

        while (putOff.TryPeek(out var first) && first.Needed.IsCompleted)
        {
            Run(putOff.Dequeue());
        }

        return putOff.Count == 0 && needed.IsCompleted;
    }

    private void PutOff(Task needed, Action work) => putOff!.Enqueue((needed, work));

    /// <summary>Gives the device work that needs no kernel, in its turn.</summary>
    private void Enqueue(Action work)
    {
        if (IsDue(Task.CompletedTask))
        {
            work();
        }
        else
        {
            PutOff(Task.CompletedTask, work);
        }
    }

    // In methods of their own: a launch that is due makes no closure.
    private void PutOff<K>(Task<Delegate> loading, K kernel, int threads)
        where K : struct, IKernel => PutOff(loading, Launching(loading, new StrongBox<K>(kernel), threads));

    private void PutOff<K>(Task<Delegate> loading, K kernel, int groups, int size)
        where K : struct, IGroupKernel<DeviceMemory> => PutOff(loading, Launching(loading, new StrongBox<K>(kernel), groups, size));

    private Action Launching<K>(Task<Delegate> loading, StrongBox<K> kernel, int threads)
        where K : struct, IKernel =>
        () => ((Action<AcceleratorStream, Index1D, K>)loading.GetAwaiter().GetResult())(stream, threads, kernel.Value);

    private Action Launching<K>(Task<Delegate> loading, StrongBox<K> kernel, int groups, int size)
        where K : struct, IGroupKernel<DeviceMemory> =>
        () => ((Action<AcceleratorStream, KernelConfig, K>)loading.GetAwaiter().GetResult())(stream, (groups, size), kernel.Value);

    /// <summary>Gives the device what was put off; the gate is locked.</summary>
    private void CatchUp()
    {
        while (putOff is not null && putOff.TryDequeue(out var next))
        {
            Run(next);
        }
    }

    private void Run((Task Needed, Action Work) next)
    {
        try
        {
            next.Needed.GetAwaiter().GetResult();
            next.Work();
        }
        catch (Exception e)
        {
            // What comes after it would compute with what it has not.
            putOff!.Clear();
            if (Told(e) is { } told)
            {
                throw told;
            }

            throw;
        }
    }

    /// <summary>A kernel's launcher, be it ready or not; null where nobody has begun with it, or it has failed and may be tried again.</summary>
    private Task<Delegate>? Known(Type kernel) => launchers.TryGetValue(kernel, out var loading) && !loading.IsFaulted ? loading : null;

    private Task<Delegate> Begin(Type kernel, Func<Delegate> load)
    {
        var loading = watchers.IsEmpty ? Task.FromResult(Load(kernel, load)) : Task.Run(() => Load(kernel, load));
        launchers[kernel] = loading;
        return loading;
    }

    /// <summary>Makes a kernel ready; on any thread, several at once.</summary>
    private Delegate Load(Type kernel, Func<Delegate> load)
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            nonPublicOps.Show(kernel);
            var launch = load();
            Tell(new CompiledKernel(TypeName(kernel), Stopwatch.GetElapsedTime(start)));
            return launch;
        }
        catch (Exception e) when (Refusal.Of(e, outOfResources: Meaning.Refused) is { Meaning: not Meaning.Refused })
        {
            throw Told(e)!;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            string what = Innermost(e) is CapabilityNotSupportedException
                ? $"the device cannot do what the kernel {TypeName(kernel)} needs: float64, say, which tensors of float64 need, and an op of your own " +
                  "with a number among its fields that is not of the type Number"
                : Foreign(kernel).Distinct().ToArray() is { Length: > 0 } ops
                ? $"the op {string.Join(", ", ops.Select(TypeName))} cannot be compiled for this device (an op computes with numbers alone, " +
                  "without exceptions and objects)"
                : $"the kernel {TypeName(kernel)} cannot be compiled for this device";
            string why = Innermost(e) is CLException error ? $"the driver says {error.Error}" : Innermost(e).Message;
            throw new NotSupportedException($"{name}: {what}: {why}", e);
        }
    }

    private void Tell(CompiledKernel news)
    {
        compiled.Enqueue(news);
        foreach (var watcher in watchers)
        {
            watcher.Tell(news);
        }
    }

    // The CPU accelerator would run as many threads a group as it can, and each is a thread of the operating system.
    private Action<AcceleratorStream, Index1D, K> LoadEach<K>()
        where K : struct, IKernel
    {
        RequireRoom<K>();
        var code = compiler.Compile(
            typeof(K), EntryPointDescription.FromImplicitlyGroupedKernel(((Action<Index1D, K>)Entry.Each).Method));
        var kernel = accelerator.AcceleratorType == AcceleratorType.CPU
            ? accelerator.LoadImplicitlyGroupedKernel(code, S.Reduce)
            : accelerator.LoadAutoGroupedKernel(code);
        return kernel.CreateLauncherDelegate<Action<AcceleratorStream, Index1D, K>>();
    }

    private Action<AcceleratorStream, KernelConfig, K> LoadGrouped<K>()
        where K : struct, IGroupKernel<DeviceMemory>
    {
        RequireRoom<K>();
        var code = compiler.Compile(typeof(K), EntryPointDescription.FromExplicitlyGroupedKernel(((Action<K>)Entry.Grouped).Method));
        return accelerator.LoadKernel(code).CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, K>>();
    }

    // Memory takes more here than on the device: what has no room is seen in any case, and what a step was put together from has it.
    private void RequireRoom<K>()
        where K : struct
    {
        if (Unsafe.SizeOf<K>() > mostBytes)
        {
            throw new NotSupportedException($"its fields take {Unsafe.SizeOf<K>()} bytes, and the device takes {mostBytes}");
        }
    }

    /// <summary>Waits for what is being compiled, and forgets it all.</summary>
    private void StopCompiling()
    {
        putOff?.Clear();
        Settle();
        launchers.Clear();
        compiler.Dispose();
    }

    /// <summary>Waits until nothing is being compiled.</summary>
    private void Settle()
    {
        foreach (var loading in launchers.Values)
        {
            Task.WaitAny(loading);
        }
    }

    /// <summary>The types that a kernel is made of and that are not the library's, outermost first.</summary>
    private static IEnumerable<Type> Foreign(Type kernel) =>
        Own.Contains(kernel.Assembly) ? kernel.GetGenericArguments().SelectMany(Foreign) : [kernel];
}
