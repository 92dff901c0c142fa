//! Which addresses are public: the special-purpose registries of IANA (RFC 6890), turned around.
//!
//! `std` has `is_global` only on nightly. IPv6 is an allow list: global unicast is `2000::/3`, and what is special within
//! is taken out. All that embeds an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is refused whatever it
//! embeds: no identity provider is reached so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u32 {
    Ipv4Addr::new(a, b, c, d).to_bits()
}

/// First address and length of the prefix.
const SPECIAL_V4: &[(u32, u32)] = &[
    (v4(0, 0, 0, 0), 8),       // this network (RFC 791)
    (v4(10, 0, 0, 0), 8),      // private (RFC 1918)
    (v4(100, 64, 0, 0), 10),   // carrier-grade NAT (RFC 6598)
    (v4(127, 0, 0, 0), 8),     // loopback
    (v4(169, 254, 0, 0), 16),  // link-local; 169.254.169.254 gives credentials away
    (v4(172, 16, 0, 0), 12),   // private
    (v4(192, 0, 0, 0), 24),    // protocol assignments (RFC 6890)
    (v4(192, 0, 2, 0), 24),    // documentation (RFC 5737)
    (v4(192, 88, 99, 0), 24),  // 6to4 relays (RFC 7526)
    (v4(192, 168, 0, 0), 16),  // private
    (v4(198, 18, 0, 0), 15),   // benchmarking (RFC 2544)
    (v4(198, 51, 100, 0), 24), // documentation
    (v4(203, 0, 113, 0), 24),  // documentation
    (v4(224, 0, 0, 0), 4),     // multicast
    (v4(240, 0, 0, 0), 4),     // reserved, and broadcast
];

const fn v6(first: u16, second: u16) -> u128 {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0).to_bits()
}

/// Global unicast (RFC 4291 §2.4). Outside lie `::1`, `::`, `::ffff:0:0/96`, `64:ff9b::/96`, `100::/64`, `fe80::/10`,
/// `fec0::/10`, `ff00::/8`, and `fc00::/7` with `fd00:ec2::254` in it.
const GLOBAL_V6: (u128, u32) = (v6(0x2000, 0), 3);

/// What is special within [`GLOBAL_V6`].
const SPECIAL_V6: &[(u128, u32)] = &[
    (v6(0x2001, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID (RFC 2928)
    (v6(0x2001, 0xdb8), 32), // documentation (RFC 3849)
    (v6(0x2002, 0), 16), // 6to4 (RFC 3056)
    (v6(0x3fff, 0), 20), // documentation (RFC 9637)
];

/// Whether this is the address of somebody on the Internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            !SPECIAL_V4.iter().any(|(first, length)| (bits ^ first) >> (32 - length) == 0)
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let within = |(first, length): (u128, u32)| (bits ^ first) >> (128 - length) == 0;
            within(GLOBAL_V6) && !SPECIAL_V6.iter().any(|prefix| within(*prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff:ffff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_lies_beside_them_is() {
        for text in [
            "1.0.0.0",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001:800::200e",
            "3ffe::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
