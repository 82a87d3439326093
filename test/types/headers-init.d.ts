// The declarations of the official SDK v1 name this type of the DOM library, which the project does not load.
type HeadersInit = ConstructorParameters<typeof Headers>[0];
