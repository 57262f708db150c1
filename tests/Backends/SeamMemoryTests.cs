using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamMemoryTests
{
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhatGoesUpComesDown(string device)
    {
        var backend = SeamDevices.Open(device);
        byte[] bytes = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
        var storage = new Storage(backend, bytes.Length);
        backend.Upload(bytes, storage);
        var all = new byte[1000];
        backend.Download(storage, 0, all);
        Assert.Equal(bytes, all);

        var some = new byte[10];
        backend.Download(storage, 300, some);
        Assert.Equal(bytes[300..310], some);

        backend.Upload([1, 2, 3], storage);
        backend.Download(storage, 0, some);
        backend.Synchronize();
        Assert.Equal([1, 2, 3, .. bytes[3..10]], some);
    }

    [Fact]
    public void TooMuchMemoryIsNamed()
    {
        var e = Assert.Throws<OutOfMemoryException>(() => new ReferenceBackend().Allocate(1L << 60));
        Assert.Equal("cpu: 1152921504606846976 bytes were asked for, 0 are in use, and no more is to be had.", e.Message);
    }

    [Fact]
    public void EveryDeviceIsListedAndTheCpuCanBeUsed()
    {
        var devices = new BackendProvider().List();
        var cpu = Assert.Single(devices, device => device.Kind == DeviceKind.Cpu);
        Assert.Null(cpu.Problem);
        Assert.Contains($"{Environment.ProcessorCount} threads", cpu.Description);
        Assert.Equal(Enum.GetValues<DeviceKind>().Order(), devices.Select(device => device.Kind).Distinct().Order());
        Assert.Throws<DeviceNotFoundException>(() => new BackendProvider().Open("opencl:99"));
    }
}
