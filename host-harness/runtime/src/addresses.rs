//! Which addresses are of the public Internet.
//!
//! The tables hold the blocks that the IANA registries of special-purpose addresses (RFC 6890) do not mark as globally
//! reachable, and those that are no unicast addresses at all. Where a block has smaller ones in it that are reachable, such as
//! the anycast addresses of 192.0.0.0/24 and 2001::/23, no application is served from them, and the whole is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block: its first address, and how many bits all of its addresses have in common.
type Block<A> = (A, u32);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

/// A block of IPv6 is given by its first five groups.
const fn v6(a: u16, b: u16, c: u16, d: u16, e: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, e, 0, 0, 0)
}

const RESERVED_V4: [Block<Ipv4Addr>; 16] = [
    (v4(0, 0, 0, 0), 8),          // this network, RFC 791
    (v4(10, 0, 0, 0), 8),         // private use, RFC 1918
    (v4(100, 64, 0, 0), 10),      // shared with a carrier, RFC 6598
    (v4(127, 0, 0, 0), 8),        // loopback, RFC 1122
    (v4(169, 254, 0, 0), 16),     // link-local, RFC 3927
    (v4(172, 16, 0, 0), 12),      // private use, RFC 1918
    (v4(192, 0, 0, 0), 24),       // protocol assignments, RFC 6890
    (v4(192, 0, 2, 0), 24),       // documentation, RFC 5737
    (v4(192, 88, 99, 0), 24),     // 6to4 relays, given up by RFC 7526
    (v4(192, 168, 0, 0), 16),     // private use, RFC 1918
    (v4(198, 18, 0, 0), 15),      // benchmarks, RFC 2544
    (v4(198, 51, 100, 0), 24),    // documentation, RFC 5737
    (v4(203, 0, 113, 0), 24),     // documentation, RFC 5737
    (v4(224, 0, 0, 0), 4),        // multicast, RFC 5771
    (v4(240, 0, 0, 0), 4),        // reserved, RFC 1112
    (v4(255, 255, 255, 255), 32), // limited broadcast, RFC 919
];

/// All unicast addresses that were ever given out (RFC 4291 §2.4). Outside it are, among others, loopback, the unspecified
/// address, IPv4-compatible addresses, discard-only 100::/64 (RFC 6666), the dummy prefix 100:0:0:1::/64 (RFC 9780),
/// local-use NAT64 64:ff9b:1::/48 (RFC 8215), segment routing 5f00::/16 (RFC 9602), unique local fc00::/7 (RFC 4193),
/// link-local fe80::/10 (RFC 4291), site-local fec0::/10 (RFC 3879) and multicast ff00::/8 (RFC 4291).
const UNICAST_V6: Block<Ipv6Addr> = (v6(0x2000, 0, 0, 0, 0), 3);

/// What is reserved within [`UNICAST_V6`].
const RESERVED_V6: [Block<Ipv6Addr>; 4] = [
    (v6(0x2001, 0, 0, 0, 0), 23), // protocol assignments, RFC 2928, among them Teredo, RFC 4380
    (v6(0x2001, 0x0db8, 0, 0, 0), 32), // documentation, RFC 3849
    (v6(0x3ffe, 0, 0, 0, 0), 16), // the 6bone, given back by RFC 3701
    (v6(0x3fff, 0, 0, 0, 0), 20), // documentation, RFC 9637
];

/// NAT64 (RFC 6052): the last four bytes are the IPv4 address that is reached.
const NAT64: Block<Ipv6Addr> = (v6(0x0064, 0xff9b, 0, 0, 0), 96);

/// 6to4 (RFC 3056): the four bytes after the first two are the IPv4 address that is reached.
const SIX_TO_FOUR: Block<Ipv6Addr> = (v6(0x2002, 0, 0, 0, 0), 16);

/// Whether an address is one of the public Internet, also by the IPv4 address that an IPv6 one may carry inside.
pub(super) fn is_public(address: IpAddr) -> bool {
    // An IPv4-mapped address is the IPv4 address (RFC 4291 §2.5.5.2).
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if is_in_v6(address, NAT64) => is_public_v4(inside(address, 0)),
        IpAddr::V6(address) if is_in_v6(address, SIX_TO_FOUR) => is_public_v4(inside(address, 80)),
        IpAddr::V6(address) => {
            is_in_v6(address, UNICAST_V6) && !RESERVED_V6.iter().any(|block| is_in_v6(address, *block))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !RESERVED_V4.iter().any(|(first, length)| (address.to_bits() ^ first.to_bits()).leading_zeros() >= *length)
}

fn is_in_v6(address: Ipv6Addr, (first, length): Block<Ipv6Addr>) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

/// The IPv4 address that stands so many bits before the end.
fn inside(address: Ipv6Addr, before_end: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits((address.to_bits() >> before_end) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_no_special_block_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.0.1",
            "93.184.215.14",
            // On both sides of reserved blocks.
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            // Special, and globally reachable: AS112 (RFC 7534, RFC 7535) and AMT (RFC 7450).
            "192.31.196.1",
            "192.52.193.1",
            "192.175.48.1",
            "2620:4f:8000::1",
            "2000::1",
            "2001:200::1",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2606:4700::1111",
            "3ffd:ffff::1",
            "3fff:1000::1",
            "::ffff:8.8.0.1",
            "64:ff9b::8.8.0.1",
            "2002:808:1::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    /// Each block by its first and its last address, and whether the addresses just outside of it are public.
    #[test]
    fn each_special_block_begins_and_ends_where_its_registry_says() {
        let v4 = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some(true)),
            ("10.0.0.0", "10.255.255.255", Some(true), Some(true)),
            ("100.64.0.0", "100.127.255.255", Some(true), Some(true)),
            ("127.0.0.0", "127.255.255.255", Some(true), Some(true)),
            ("169.254.0.0", "169.254.255.255", Some(true), Some(true)),
            ("172.16.0.0", "172.31.255.255", Some(true), Some(true)),
            ("192.0.0.0", "192.0.0.255", Some(true), Some(true)),
            ("192.0.2.0", "192.0.2.255", Some(true), Some(true)),
            ("192.88.99.0", "192.88.99.255", Some(true), Some(true)),
            ("192.168.0.0", "192.168.255.255", Some(true), Some(true)),
            ("198.18.0.0", "198.19.255.255", Some(true), Some(true)),
            ("198.51.100.0", "198.51.100.255", Some(true), Some(true)),
            ("203.0.113.0", "203.0.113.255", Some(true), Some(true)),
            ("224.0.0.0", "239.255.255.255", Some(true), Some(false)),
            ("240.0.0.0", "255.255.255.255", Some(false), None),
        ] {
            let (first, last) = (v4(first), v4(last));
            let bits = first.to_bits();
            // In the middle, too: a block that were read with fewer bits in common would still have its ends.
            for inside in [first, last, Ipv4Addr::from_bits(bits + (last.to_bits() - bits) / 2 + 1)] {
                assert!(!is_public(inside.into()), "{inside}");
                assert!(!is_public(inside.to_ipv6_mapped().into()), "{inside}, mapped");
            }
            let outside = [(bits.wrapping_sub(1), before), (last.to_bits().wrapping_add(1), after)];
            for (bits, public) in outside {
                let Some(public) = public else { continue };
                let outside = Ipv4Addr::from_bits(bits);
                assert_eq!(is_public(outside.into()), public, "{outside}, beside {first}");
                assert_eq!(is_public(outside.to_ipv6_mapped().into()), public, "{outside}, mapped");
            }
        }
        let v6 = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        for (first, last, before, after) in [
            // All that is no unicast address: below 2000::/3, apart from what carries an address of IPv4, and above it.
            ("::", "::fffe:ffff:ffff", None, None),
            ("::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
            ("64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, Some(true)),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Some(true), Some(true)),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Some(true), Some(true)),
            ("3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(true), Some(false)),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Some(false), Some(true)),
            ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(true), None),
        ] {
            let (first, last) = (v6(first), v6(last));
            let middle = Ipv6Addr::from_bits(first.to_bits() + (last.to_bits() - first.to_bits()) / 2 + 1);
            for inside in [first, last, middle] {
                assert!(!is_public(inside.into()), "{inside}");
            }
            let outside = [(first.to_bits().wrapping_sub(1), before), (last.to_bits().wrapping_add(1), after)];
            for (bits, public) in outside {
                let outside = Ipv6Addr::from_bits(bits);
                assert!(public.is_none_or(|public| is_public(outside.into()) == public), "{outside}, beside {first}");
            }
        }
        // What carries an address of IPv4 is as public as that, and no further.
        for (address, public) in [
            ("64:ff9b::", false),
            ("64:ff9b::1.0.0.0", true),
            ("64:ff9b::223.255.255.255", true),
            ("64:ff9b::255.255.255.255", false),
            ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2002::", false),
            ("2002:0:ffff:ffff:ffff:ffff:ffff:ffff", false),
            ("2002:100::", true),
            ("2002:dfff:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2002:e000::", false),
            ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
            ("2003::", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn addresses_of_special_blocks_are_not() {
        for (block, reference, addresses) in [
            ("0.0.0.0/8", "RFC 791", ["0.0.0.0", "0.255.255.255"]),
            ("10.0.0.0/8", "RFC 1918", ["10.0.0.0", "10.255.255.255"]),
            ("100.64.0.0/10", "RFC 6598", ["100.64.0.0", "100.127.255.255"]),
            ("127.0.0.0/8", "RFC 1122", ["127.0.0.0", "127.255.255.255"]),
            ("169.254.0.0/16", "RFC 3927", ["169.254.0.0", "169.254.169.254"]),
            ("172.16.0.0/12", "RFC 1918", ["172.16.0.0", "172.31.255.255"]),
            ("192.0.0.0/24", "RFC 6890", ["192.0.0.0", "192.0.0.255"]),
            ("192.0.0.0/29", "RFC 7335", ["192.0.0.1", "192.0.0.7"]),
            ("192.0.0.170/31", "RFC 8880", ["192.0.0.170", "192.0.0.171"]),
            ("192.0.2.0/24", "RFC 5737", ["192.0.2.0", "192.0.2.255"]),
            ("192.88.99.0/24", "RFC 7526", ["192.88.99.0", "192.88.99.255"]),
            ("192.168.0.0/16", "RFC 1918", ["192.168.0.0", "192.168.255.255"]),
            ("198.18.0.0/15", "RFC 2544", ["198.18.0.0", "198.19.255.255"]),
            ("198.51.100.0/24", "RFC 5737", ["198.51.100.0", "198.51.100.255"]),
            ("203.0.113.0/24", "RFC 5737", ["203.0.113.0", "203.0.113.255"]),
            ("224.0.0.0/4", "RFC 5771", ["224.0.0.0", "239.255.255.255"]),
            ("240.0.0.0/4", "RFC 1112", ["240.0.0.0", "255.255.255.254"]),
            ("255.255.255.255/32", "RFC 919", ["255.255.255.255", "255.255.255.255"]),
            ("::/128", "RFC 4291", ["::", "::"]),
            ("::1/128", "RFC 4291", ["::1", "::1"]),
            ("::/96, IPv4-compatible", "RFC 4291", ["::8.8.0.1", "::10.0.0.1"]),
            ("::ffff:0:0/96 of private ones", "RFC 4291", ["::ffff:10.0.0.1", "::ffff:169.254.169.254"]),
            ("::ffff:0:0:0/96", "RFC 2765", ["::ffff:0:8.8.0.1", "::ffff:0:10.0.0.1"]),
            ("64:ff9b::/96 of private ones", "RFC 6052", ["64:ff9b::10.0.0.1", "64:ff9b::192.168.255.255"]),
            ("64:ff9b:1::/48", "RFC 8215", ["64:ff9b:1::8.8.0.1", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"]),
            ("64:ff9b::/32 beyond /96", "RFC 6052", ["64:ff9b:0:0:0:1:808:1", "64:ff9b:2::808:1"]),
            ("100::/64", "RFC 6666", ["100::", "100::ffff:ffff:ffff:ffff"]),
            ("100:0:0:1::/64", "RFC 9780", ["100:0:0:1::", "100:0:0:1:ffff::"]),
            ("2001::/23", "RFC 2928", ["2001:1::1", "2001:1ff:ffff::1"]),
            ("2001::/32, Teredo", "RFC 4380", ["2001::1", "2001:0:808:1::f5ff:fffe"]),
            ("2001:2::/48", "RFC 5180", ["2001:2::", "2001:2:0:ffff::"]),
            ("2001:10::/28", "RFC 4843", ["2001:10::", "2001:1f:ffff::"]),
            ("2001:db8::/32", "RFC 3849", ["2001:db8::", "2001:db8:ffff::1"]),
            ("2002::/16 of private ones", "RFC 3056", ["2002:a00:1::1", "2002:c0a8:ffff::8:8"]),
            ("3ffe::/16", "RFC 3701", ["3ffe::", "3ffe:ffff::1"]),
            ("3fff::/20", "RFC 9637", ["3fff::", "3fff:fff:ffff::1"]),
            ("5f00::/16", "RFC 9602", ["5f00::", "5f00:ffff::1"]),
            ("fc00::/7", "RFC 4193", ["fc00::", "fdff:ffff::1"]),
            ("fe80::/10", "RFC 4291", ["fe80::", "febf:ffff::1"]),
            ("fec0::/10", "RFC 3879", ["fec0::", "feff:ffff::1"]),
            ("ff00::/8", "RFC 4291", ["ff00::", "ff02::1"]),
        ] {
            for address in addresses {
                assert!(!is_public(address.parse().unwrap()), "{address} of {block} ({reference})");
            }
        }
    }
}
