namespace Gpu.Autograd.Tests;

/// <summary>Where the repository is: found from where the tests run, since a deterministic build knows no path of a source.</summary>
internal static class Repository
{
    /// <summary>The path of a file in it.</summary>
    /// <exception cref="InvalidOperationException">The tests do not run inside the repository.</exception>
    public static string At(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gpu.Autograd.sln")))
        {
            folder = folder.Parent;
        }

        return folder is null
            ? throw new InvalidOperationException("The tests do not run inside the repository.")
            : Path.Combine([folder.FullName, .. parts]);
    }
}
