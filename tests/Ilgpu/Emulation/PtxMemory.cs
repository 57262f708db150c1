using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// Global memory. Every block has an address space to itself: what is computed from the address of one never comes to another, however wrong
/// it is. Blocks begin, as those of CUDA do, at multiples of 256 bytes, and no better.
/// </summary>
internal sealed unsafe class PtxMemory
{
    private const int Shift = 40;
    private const int First = 1 << 16;
    private readonly List<PtxBlock?> blocks = [];

    internal PtxBlock Allocate(long bytes)
    {
        var block = new PtxBlock(bytes, (((long)First + blocks.Count) << Shift) + 256);
        blocks.Add(block);
        return block;
    }

    internal void Free(PtxBlock block)
    {
        blocks[(int)(block.Address >> Shift) - First] = null;
        block.Release();
    }

    /// <summary>The block of an address, and where in it that is; null where no such bytes are.</summary>
    internal PtxBlock? At(long address, int bytes, out long offset)
    {
        long k = (address >> Shift) - First;
        var block = k >= 0 && k < blocks.Count ? blocks[(int)k] : null;
        offset = block is null ? 0 : address - block.Address;
        return block is not null && offset >= 0 && offset + bytes <= block.Bytes ? block : null;
    }
}

/// <summary>A block of global memory.</summary>
internal sealed unsafe class PtxBlock : Block
{
    private long holder;

    internal PtxBlock(long bytes, long address)
        : base(bytes)
    {
        Address = address;
        Buffer = new AddressOnly(bytes, (nint)address);
        Start = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        Watch = new PtxWatch(bytes);
    }

    /// <summary>Where it is for kernels.</summary>
    internal long Address { get; }

    /// <summary>Where it really is.</summary>
    internal byte* Start { get; private set; }

    /// <summary>The block as ILGPU knows memory.</summary>
    internal MemoryBuffer Buffer { get; }

    internal PtxWatch Watch { get; }

    /// <summary>The block is lent: what was in it is gone.</summary>
    internal PtxBlock LentTo(Storage storage)
    {
        if (holder != storage.Id)
        {
            holder = storage.Id;
            Watch.Forget();
            new Span<byte>(Start, (int)Bytes).Fill(0xFF);
        }

        return this;
    }

    internal void Release()
    {
        NativeMemory.AlignedFree(Start);
        Start = null;
    }

    /// <summary>Memory that ILGPU knows the address of, and no more.</summary>
    private sealed class AddressOnly : MemoryBuffer
    {
        public AddressOnly(long bytes, nint address)
            : base(null!, bytes, 1) => NativePtr = address;

        protected override void MemSet(AcceleratorStream stream, byte value, in ArrayView<byte> targetView) => throw new NotSupportedException();

        protected override void CopyTo(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
            throw new NotSupportedException();

        protected override void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
            throw new NotSupportedException();

        protected override void DisposeAcceleratorObject(bool disposing)
        {
        }
    }
}
