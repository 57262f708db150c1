namespace Gpu.Autograd.Cli.Tests;

/// <summary>The commands that the program shows can be typed where it was started.</summary>
public sealed class InvocationTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void In_a_clone_it_is_dotnet_run()
    {
        string output = work[Path.Combine("src", "Cli", "bin", "Release", "net10.0")];
        Directory.CreateDirectory(output);
        work.Write(Path.Combine("src", "Cli", "Gpu.Autograd.Cli.csproj"), "");

        string found = Invocation.Find(output + Path.DirectorySeparatorChar, Path.GetDirectoryName(work["x"])!, work["gpu-autograd"]);

        Assert.Equal("dotnet run -c Release --project src/Cli --", found);
    }

    [Fact]
    public void Elsewhere_it_is_the_file()
    {
        string folder = Path.GetDirectoryName(work["x"])!;

        Assert.Equal(Path.Combine(".", "gpu-autograd"), Invocation.Find(folder, folder, work["gpu-autograd"]));
        Assert.Equal(Path.Combine("a", "gpu-autograd"), Invocation.Find(folder, folder, work[Path.Combine("a", "gpu-autograd")]));
        Assert.Equal("gpu-autograd", Invocation.Find(folder, folder, null));
    }

    [Theory]
    [InlineData("model.safetensors", "model.safetensors")]
    [InlineData("../a-b/c_d.csv", "../a-b/c_d.csv")]
    [InlineData("my model", "\"my model\"")]
    public void Words_are_quoted_where_a_shell_needs_it(string word, string expected) => Assert.Equal(expected, Invocation.Quote(word));

    public void Dispose() => work.Dispose();
}
