import { BlockList, isIP } from 'node:net';

/** The addresses whose word on a request's origin counts; none unless set. */
export class TrustedProxies {
  private readonly list = new BlockList();
  readonly isEmpty: boolean;

  /** @param addresses IP addresses and CIDR ranges, as `isAddressRange` finds them right */
  constructor(addresses: readonly string[]) {
    this.isEmpty = addresses.length === 0;
    for (const range of addresses) {
      const [address = '', bits] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether it is one of them; an IPv4 address may come in IPv6's form. */
  has(address: string | undefined): boolean {
    const family = address === undefined ? 0 : isIP(address);
    return address !== undefined && family !== 0 && this.list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * Where a request came from: the address nearest to us that is not a proxy of ours. What stands left of it in the field
   * is what a stranger wrote.
   *
   * @param forwarded the field X-Forwarded-For
   */
  sourceOf(remote: string, forwarded: string | string[] | undefined): string {
    if (forwarded === undefined || !this.has(remote)) return remote;
    const hops = [forwarded].flat().join(',').split(',').map((hop) => hop.trim()).reverse();
    return hops.find((hop) => !this.has(hop)) ?? hops.at(-1) ?? remote;
  }
}

/** Whether a text is an IP address, or a range of them as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...others] = text.split('/');
  const family = isIP(address);
  if (family === 0 || others.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 6 ? 128 : 32));
}
