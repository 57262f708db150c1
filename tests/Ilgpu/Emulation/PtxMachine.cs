using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// Runs kernels as the manual of PTX says: threads with registers of their own, shared memory for each group, barriers. A thread runs until it
/// comes to a barrier, in a random order of threads and of groups. What the manual leaves undefined is an error: memory that is not there or
/// not aligned, shared memory that was not written, a barrier that not all threads come to, a race.
/// </summary>
internal sealed unsafe partial class PtxMachine(PtxMemory memory, int seed)
{
    private const int WarpThreads = 32;
    private const int MostSharedBytes = 48 << 10;
    private const int MostParameterBytes = 4096;
    private const long MostInstructions = 200_000_000;

    private readonly Random random = new(seed);
    private readonly Dictionary<(int Warp, int At, int Time), bool> promises = [];
    private readonly Dictionary<(int Thread, int At), int> times = [];
    private readonly Dictionary<PtxProgram, (byte[][] Bytes, PtxWatch[] Watches)> sharedOf = [];
    private (nuint Bytes, nint Start) registers;
    private PtxProgram program = null!;
    private byte* parameters;
    private PtxInstruction* code;
    private byte[][] shared = [];
    private PtxWatch[] sharedWatches = [];

    // Stamps: the thread that runs, the first of its launch, the first of its group.
    private ulong now = 1UL << 32;
    private ulong launch;
    private ulong group;

    /// <summary>The instructions that all threads of all launches have executed.</summary>
    internal long Executed { get; private set; }

    /// <summary>Runs a kernel on so many groups of so many threads.</summary>
    internal void Launch(PtxProgram kernel, byte* arguments, int argumentBytes, int groups, int threads)
    {
        program = kernel;
        parameters = arguments;
        Require(groups >= 1 && threads is >= 1 and <= 1024, $"{groups} groups of {threads} threads cannot be launched");
        Require(kernel.MostThreads == 0 || threads <= kernel.MostThreads, $"{threads} threads are more than it is compiled for");
        Require(
            argumentBytes == kernel.ParameterBytes && argumentBytes <= MostParameterBytes,
            $"{argumentBytes} bytes of arguments are given to {kernel.ParameterBytes}");
        Require(kernel.Shared.Sum(array => array.Bytes + array.Alignment) <= MostSharedBytes, "it has more shared memory than there is");
        (shared, sharedWatches) = SharedOf(kernel);

        int size = kernel.Registers.Length;
        nuint needed = (nuint)size * (nuint)threads * sizeof(ulong);
        if (registers.Bytes < needed)
        {
            NativeMemory.Free((void*)registers.Start);
            registers = (needed, (nint)NativeMemory.Alloc(needed));
        }

        launch = Next();
        int[] order = [.. Enumerable.Range(0, groups)];
        random.Shuffle(order);
        fixed (PtxInstruction* start = kernel.Instructions)
        {
            code = start;
            foreach (int index in order)
            {
                group = Next();
                RunGroup(index, groups, threads, size);
            }
        }
    }

    private void RunGroup(int index, int groups, int threads, int size)
    {
        var all = (ulong*)registers.Start;
        for (int thread = 0; thread < threads; thread++)
        {
            ulong* r = all + (thread * (long)size);
            program.Registers.CopyTo(new Span<ulong>(r, size));
            Set(r, program.Places.Thread, thread);
            Set(r, program.Places.Threads, threads);
            Set(r, program.Places.Group, index);
            Set(r, program.Places.Groups, groups);
        }

        promises.Clear();
        times.Clear();
        int[] order = [.. Enumerable.Range(0, threads)];
        int[] places = new int[threads];
        for (ulong interval = 0; ; interval++)
        {
            random.Shuffle(order);
            foreach (int thread in order)
            {
                now = group | ((interval & 0xFFFF) << 16) | (uint)thread;
                places[thread] = Run(all + (thread * (long)size), places[thread], thread);
            }

            if (Array.TrueForAll(places, place => place < 0))
            {
                return;
            }

            for (int thread = 0; thread < threads; thread++)
            {
                // Who has ended does not come; and a warp comes to a barrier as one.
                int first = thread / WarpThreads * WarpThreads;
                bool ended = places[thread] < 0;
                Require(
                    !ended && places[thread] == places[first],
                    $"thread {thread} of group {index} is {Where(places[thread])}, thread {first} of its warp {Where(places[first])}, and some wait at a barrier");
            }
        }

        static string Where(int place) => place < 0 ? "at the end" : $"at instruction {place}";

        static void Set(ulong* r, int place, int value)
        {
            if (place >= 0)
            {
                r[place] = (uint)value;
            }
        }
    }

    // What one group left there, no other may read, so it is made once.
    private (byte[][] Bytes, PtxWatch[] Watches) SharedOf(PtxProgram kernel)
    {
        if (!sharedOf.TryGetValue(kernel, out var made))
        {
            made = (
                [.. kernel.Shared.Select(array => GC.AllocateUninitializedArray<byte>(array.Bytes, pinned: true))],
                [.. kernel.Shared.Select(array => new PtxWatch(array.Bytes))]);
            sharedOf.Add(kernel, made);
        }

        return made;
    }

    private ulong Next()
    {
        now = ((now >> 32) + 1) << 32;
        return now;
    }

    /// <summary>Where some bytes are that a thread reads or writes.</summary>
    private byte* Place(long address, int bytes, int at, bool isShared, bool writes)
    {
        if (address % bytes != 0)
        {
            throw Fault(at, $"address {address:x} is not a multiple of {bytes}");
        }

        string? fault;
        byte* place;
        if (isShared)
        {
            int k = (int)Math.Clamp((address >> PtxProgram.SharedShift) - 1, -1, shared.Length);
            long offset = k >= 0 && k < shared.Length ? address - program.StartOfShared(k) : -1;
            if (offset < 0 || offset + bytes > shared[k].Length)
            {
                throw Fault(at, $"address {address:x} is in none of its shared memory{(k >= 0 && k < shared.Length ? $": byte {offset} of {shared[k].Length}" : "")}");
            }

            var watch = sharedWatches[k];
            fault = writes ? watch.Write(offset, bytes, now, group) : watch.Read(offset, bytes, now, group, isOfGroup: true);
            place = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref shared[k][offset]);
        }
        else
        {
            if (memory.At(address, bytes, out long offset) is not { } block)
            {
                throw Fault(at, $"address {address:x} is in no memory{(offset != 0 ? $": byte {offset} of a block" : "")}");
            }

            fault = writes ? block.Watch.Write(offset, bytes, now, launch) : block.Watch.Read(offset, bytes, now, launch, isOfGroup: false);
            place = block.Start + offset;
        }

        return fault is null ? place : throw Fault(at, fault);
    }

    /// <summary>All threads of a warp that come to this jump for the n-th time must take it, or none.</summary>
    private void KeepPromise(int at, int thread, bool taken)
    {
        times[(thread, at)] = times.GetValueOrDefault((thread, at)) + 1;
        var key = (thread / WarpThreads, at, times[(thread, at)]);
        if (promises.TryGetValue(key, out bool others) && others != taken)
        {
            throw Fault(at, "jumps otherwise than another of its warp, where it is promised that all go the same way");
        }

        promises[key] = taken;
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new PtxException($"{program.Name}: {what}.");
        }
    }

    private PtxException Fault(int at, string what) => new(
        $"{program.Name}: thread {now & 0xFFFF} of a group {what}, at instruction {at}: '{program.Texts[at]}'.");
}
