namespace Gpu.Autograd.Serialization;

/// <summary>Whether a saved state fits what it is loaded into: modules and optimizers ask the same questions.</summary>
internal static class StateCheck
{
    /// <summary>All names are there and no others, and the shapes are equal.</summary>
    /// <exception cref="InvalidDataException">They are not; the one message names everything that does not fit.</exception>
    public static void Require(string owner, IReadOnlyDictionary<string, Shape> expected, IReadOnlyDictionary<string, Tensor> given)
    {
        var faults = Faults(expected, given);
        if (faults.Count > 0)
        {
            throw new InvalidDataException($"Load: the state does not fit {owner}: {string.Join("; ", faults)}.");
        }
    }

    /// <summary>What does not fit, in words: missing and unexpected names, other shapes.</summary>
    public static List<string> Faults(IReadOnlyDictionary<string, Shape> expected, IReadOnlyDictionary<string, Tensor> given)
    {
        var missing = expected.Keys.Where(name => !given.ContainsKey(name)).ToList();
        var unexpected = given.Keys.Where(name => !expected.ContainsKey(name)).ToList();
        return
        [
            .. missing.Count > 0 ? [$"missing: {string.Join(", ", missing)}"] : Array.Empty<string>(),
            .. unexpected.Count > 0 ? [$"unexpected: {string.Join(", ", unexpected)}"] : Array.Empty<string>(),
            .. expected
                .Where(named => given.TryGetValue(named.Key, out var tensor) && tensor.Shape != named.Value)
                .Select(named => $"{named.Key} is {given[named.Key].Shape}, not {named.Value}"),
        ];
    }
}
