using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ServiceDefaults.Configuration;

/// <summary>Binds a section of the configuration to its options.</summary>
public static class SectionRegistration
{
    /// <summary>
    /// Adds the options of a section and has them checked at the start. What cannot be read, an unknown key and a value that is not
    /// allowed are reported together, each by <see cref="OptionError"/>. A second call for the same options changes nothing.
    /// </summary>
    /// <typeparam name="T">
    /// The options: properties of simple types, with validation attributes whose <c>ErrorMessage</c> says how to fix a wrong value, and
    /// <see cref="System.ComponentModel.DataAnnotations.IValidatableObject"/> for rules over several keys. The value of a property with
    /// <see cref="System.ComponentModel.PasswordPropertyTextAttribute"/> is a secret and never shown.
    /// </typeparam>
    /// <param name="services">The services.</param>
    /// <param name="section">The section's name.</param>
    public static IServiceCollection AddSection<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddOptions<T>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<T>, OptionsSection<T>>(provider => new OptionsSection<T>(section, provider)));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<T>, OptionsSection<T>>(provider => new OptionsSection<T>(section, provider)));
        return services;
    }
}
