using Microsoft.Extensions.Options;

namespace Consumer.Worker.Options;

/// <summary>Binds a section to its options and has it checked at the start.</summary>
internal static class OptionsRegistration
{
    /// <summary>Adds the options of <paramref name="section"/>; a key or value that cannot be read fails the start too.</summary>
    public static IServiceCollection AddSection<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddOptions<T>().BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        return services.AddSingleton<IValidateOptions<T>>(new AnnotatedOptionsValidator<T>(section));
    }
}
