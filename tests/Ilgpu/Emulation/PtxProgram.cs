namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>One instruction, its operands as places in a thread's registers.</summary>
internal struct PtxInstruction
{
    internal PtxCode Code;

    /// <summary>Whether it is done only where a predicate says so: 0 always, 1 where that is true, 2 where it is false.</summary>
    internal byte When;

    /// <summary>Of a load or store, the bytes of an element.</summary>
    internal byte Bytes;

    /// <summary>Of a load or store, the elements.</summary>
    internal byte Count;

    /// <summary>Of a jump: all threads of a warp that come to it are promised to take it, or none.</summary>
    internal bool IsUniform;

    /// <summary>The predicate's place.</summary>
    internal int Guard;

    /// <summary>
    /// Where the result goes, or what a store stores; of several elements, where their places stand in a list. Of a jump, the instruction that it
    /// goes to.
    /// </summary>
    internal int D;

    /// <summary>What it reads first: of a load or store the address.</summary>
    internal int A;

    /// <summary>What it reads next.</summary>
    internal int B;

    /// <summary>What it reads last.</summary>
    internal int C;

    /// <summary>What is added to the address.</summary>
    internal long Offset;
}

/// <summary>Shared memory that a kernel declares.</summary>
internal readonly record struct PtxShared(string Name, int Bytes, int Alignment);

/// <summary>A kernel, decoded once. A thread's registers are those that it declares, then its constants.</summary>
internal sealed class PtxProgram
{
    /// <summary>The upper half of an address says which memory it is in: a place in shared memory that is declared k-th is k + 1 of these, and on.</summary>
    internal const int SharedShift = 24;

    /// <summary>Its name: of a kernel of ours, the type.</summary>
    internal required string Name { get; init; }

    internal required PtxInstruction[] Instructions { get; init; }

    /// <summary>Each instruction as it stands in the text.</summary>
    internal required string[] Texts { get; init; }

    /// <summary>The places of the elements of loads and stores of several.</summary>
    internal required int[] Lists { get; init; }

    /// <summary>A thread's registers at first: those that it has to write hold what is of no use, so that one that it has not is seen.</summary>
    internal required ulong[] Registers { get; init; }

    /// <summary>Where the number of the thread in its group is kept, that of the group, and their sizes; −1 where they are not read.</summary>
    internal required (int Thread, int Threads, int Group, int Groups) Places { get; init; }

    internal required PtxShared[] Shared { get; init; }

    /// <summary>The bytes of the parameters.</summary>
    internal required int ParameterBytes { get; init; }

    /// <summary>The most threads that a group may have; 0 where it does not say.</summary>
    internal required int MostThreads { get; init; }

    /// <summary>Where shared memory begins that was declared k-th: as badly aligned as its declaration lets it be.</summary>
    internal long StartOfShared(int k) => ((k + 1L) << SharedShift) + Shared[k].Alignment;
}

/// <summary>What a kernel must not do, or what is not known of it.</summary>
internal sealed class PtxException(string message) : Exception(message);
