@_exported import Foundation
import UIKit

@MainActor
public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

extension Never: View {
    public var body: Never { return fatalError() }
}

/// Any view there is: what a builder, a stack or a modifier makes.
public struct SomeView: View {
    public var body: Never { return fatalError() }
}

@resultBuilder @MainActor
public enum ViewBuilder {
    public static func buildBlock(_ views: any View...) -> SomeView { SomeView() }
    public static func buildOptional(_ view: SomeView?) -> SomeView { SomeView() }
}

@propertyWrapper
public struct State<Value> {
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    public var wrappedValue: Value {
        get { fatalError() }
        nonmutating set {}
    }
}

extension State where Value: ExpressibleByNilLiteral {
    public init() { self.init(wrappedValue: nil) }
}

public enum Alignment {
    case bottom
}

public struct VStack: View {
    public init(@ViewBuilder content: () -> SomeView) {}
    public var body: Never { return fatalError() }
}

public struct ZStack: View {
    public init(alignment: Alignment, @ViewBuilder content: () -> SomeView) {}
    public var body: Never { return fatalError() }
}

public struct Text: View {
    public init(_ content: String) {}
    public var body: Never { return fatalError() }
}

public struct Button: View {
    public init(_ title: String, action: @escaping @MainActor () -> Void) {}
    public var body: Never { return fatalError() }
}

extension View {
    public func ignoresSafeArea() -> SomeView { SomeView() }
    public func task(_ action: @escaping @Sendable @MainActor () async -> Void) -> SomeView { SomeView() }
}

@MainActor
public protocol UIViewRepresentable: View where Body == Never {
    associatedtype UIViewType: UIView
    typealias Context = UIViewRepresentableContext<Self>
    func makeUIView(context: Context) -> UIViewType
    func updateUIView(_ uiView: UIViewType, context: Context)
}

extension UIViewRepresentable {
    public var body: Never { return fatalError() }
}

public struct UIViewRepresentableContext<Representable> {}
