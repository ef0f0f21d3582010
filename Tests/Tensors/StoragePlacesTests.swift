import Testing

@testable import SutureTensors

@Suite struct StoragePlacesTests {
  @Test func `a storage that comes again is found where it came first, beyond what was expected too`() {
    let storages = (0..<500).map { Storage([], label: "\($0)") }
    var places = StoragePlaces(capacity: 3)
    for (place, storage) in storages.enumerated() { #expect(places.note(storage, at: place) == nil) }
    for (place, storage) in storages.enumerated() { #expect(places.note(storage, at: 1000) == place) }
  }
}
